# As much of nixpkgs' library as the Nix files of this project use, and a module system that is good enough for them: it
# merges definitions by priority, fills in defaults and checks types. CI has no nixpkgs; what it finds here the real library
# finds, too, and more.
let
  inherit (builtins)
    all
    any
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isFunction
    isList
    listToAttrs
    map
    mapAttrs
    match
    stringLength
    substring
    ;

  nameValuePair = name: value: { inherit name value; };
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  filterAttrs =
    keep: set:
    listToAttrs (
      concatMap (name: optional (keep name set.${name}) (nameValuePair name set.${name})) (attrNames set)
    );
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);
  concatMapAttrs = f: set: foldl' (a: b: a // b) { } (mapAttrsToList f set);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    stringLength text >= stringLength suffix
    && substring (stringLength text - stringLength suffix) (-1) text == suffix;
  hasInfix = infix: text: builtins.length (builtins.split (escapeRegex infix) text) > 1;
  escapeRegex =
    builtins.replaceStrings
      [
        "."
        "["
        "]"
        "("
        ")"
        "*"
        "+"
        "?"
        "{"
        "}"
        "|"
        "\\"
        "^"
        "$"
      ]
      [
        "\\."
        "\\["
        "\\]"
        "\\("
        "\\)"
        "\\*"
        "\\+"
        "\\?"
        "\\{"
        "\\}"
        "\\|"
        "\\\\"
        "\\^"
        "\\$"
      ];

  letters = text: builtins.genList (at: substring at 1 text) (stringLength text);
  lower = letters "abcdefghijklmnopqrstuvwxyz";
  upper = letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

  # Definitions with conditions and priorities, as nixpkgs marks them.
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  missing = {
    _type = "missing";
  };
  isMissing = value: isAttrs value && value._type or "" == "missing";
  isPlain = value: isAttrs value && !(value ? _type) && value.type or "" != "derivation";

  # A definition as a list of { holds, priority, value }. Near the root the names in a set must not depend on conditions,
  # which are themselves read from there; deeper down (`strict`) what does not hold is not even looked at.
  spread =
    strict: holds: priority: value:
    let
      type = if isAttrs value then value._type or "" else "";
    in
    if strict && !holds then
      [ ]
    else if type == "merge" then
      concatMap (spread strict holds priority) value.contents
    else if type == "if" then
      spread strict (holds && value.condition) priority value.content
    else if type == "override" then
      spread strict holds value.priority value.content
    else
      [ { inherit holds priority value; } ];

  merge =
    path: definitions:
    if any (d: isPlain d.value) definitions then
      let
        sets = filter (d: isPlain d.value) definitions;
        names = attrNames (foldl' (a: d: a // d.value) { } sets);
        strict = builtins.length path > 1;
      in
      listToAttrs (
        map (
          name:
          nameValuePair name (
            merge (path ++ [ name ]) (
              concatMap (d: optionals (d.value ? ${name}) (spread strict d.holds d.priority d.value.${name})) sets
            )
          )
        ) names
      )
    else
      let
        holding = filter (d: d.holds) definitions;
        strongest = foldl' (a: d: if d.priority < a then d.priority else a) 9999 holding;
        values = map (d: d.value) (filter (d: d.priority == strongest) holding);
      in
      if values == [ ] then
        missing
      else if all isList values then
        builtins.concatLists values
      else if all (value: value == head values) values then
        head values
      else
        throw "${concatStringsSep "." path} is defined twice: ${builtins.toJSON values}";

  # Types know what fits, and may fill in the options inside.
  simple = name: check: {
    inherit name check;
    fill = _: value: value;
  };
  types = rec {
    bool = simple "true or false" builtins.isBool;
    str = simple "text" builtins.isString;
    package = simple "a package" (value: isAttrs value || builtins.isString value);
    port = simple "a port" (value: builtins.isInt value && value > 0 && value < 65536);
    ints.positive = simple "a number above zero" (value: builtins.isInt value && value > 0);
    anything = simple "anything" (_: true);
    strMatching =
      pattern:
      simple "text like ${pattern}" (value: builtins.isString value && match pattern value != null);
    listOf = inner: simple "a list of ${inner.name}" (value: isList value && all inner.check value);
    nullOr = inner: inner // { check = value: value == null || inner.check value; };
    attrsOf = inner: {
      name = "a set of ${inner.name}";
      check = isAttrs;
      fill = path: mapAttrs (name: value: checked (path ++ [ name ]) inner value);
    };
    submodule = module: {
      name = "a module";
      check = isAttrs;
      fill = path: value: filterAttrs (_: inner: !isMissing inner) (fillIn path module.options value);
    };
  };
  checked =
    path: type: value:
    if type.check value then
      type.fill path value
    else
      throw "${concatStringsSep "." path} is ${builtins.toJSON value}, and should be ${type.name}";

  # Options with what was defined for them.
  fillIn =
    path: options: config:
    config
    // mapAttrs (
      name: option:
      let
        here = path ++ [ name ];
        given = config ? ${name} && !isMissing config.${name};
      in
      if option._type or "" != "option" then
        fillIn here option (if given then config.${name} else { })
      else if given then
        checked here option.type config.${name}
      else if option ? default then
        checked here option.type option.default
      else
        throw "${concatStringsSep "." here} is not set and has no default"
    ) options;

  recursiveUnion =
    a: b:
    a
    // mapAttrs (
      name: value:
      if a ? ${name} && isAttrs value && value._type or "" == "" && a.${name}._type or "" == "" then
        recursiveUnion a.${name} value
      else
        value
    ) b;

  # The configuration that modules make together.
  evaluate =
    arguments: modules:
    let
      open =
        module:
        let
          value = if builtins.isPath module || builtins.isString module then import module else module;
          opened = if isFunction value then value (arguments // { inherit config lib; }) else value;
          parts =
            if opened ? config || opened ? options then
              opened
            else
              {
                imports = opened.imports or [ ];
                config = removeAttrs opened [ "imports" ];
              };
        in
        concatMap open (parts.imports or [ ]) ++ [ parts ];
      opened = concatMap open modules;
      options = foldl' recursiveUnion { } (map (module: module.options or { }) opened);
      config = fillIn [ ] options (
        merge [ ] (concatMap (module: spread false true 100 (module.config or { })) opened)
      );
    in
    config;

  lib = {
    inherit
      any
      attrNames
      concatMapAttrs
      concatStringsSep
      elem
      evaluate
      filter
      filterAttrs
      hasInfix
      hasPrefix
      hasSuffix
      head
      mapAttrs
      mapAttrs'
      mapAttrsToList
      mkIf
      mkMerge
      mkOverride
      nameValuePair
      optional
      optionals
      types
      ;
    concatStrings = concatStringsSep "";
    inherit listToAttrs;
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    toUpper = builtins.replaceStrings lower upper;
    toLower = builtins.replaceStrings upper lower;
    concatMapStringsSep =
      separator: f: values:
      concatStringsSep separator (map f values);
    optionalString = condition: text: if condition then text else "";
    removeSuffix =
      suffix: text:
      if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
    escapeShellArg = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] (toString text)}'";
    fileContents = path: builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile path);
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    getExe = package: "${package}/bin/${package.meta.mainProgram}";
    getName = package: package.pname or package.name;
    makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
    literalExpression = text: { inherit text; };
    mkDefault = mkOverride 1000;
    mkOption = option: option // { _type = "option"; };
    mkEnableOption = _: {
      _type = "option";
      type = types.bool;
      default = false;
    };
    fileset = {
      unions = concatMap (path: if isList path then path else [ path ]);
      difference = paths: _: paths;
      fileFilter = _: path: [ path ];
      toSource =
        { root, fileset }:
        assert all builtins.pathExists fileset;
        root;
    };
    licenses.mit.spdxId = "MIT";
    platforms = {
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      darwin = [ "aarch64-darwin" ];
    };
    inherit (builtins) map;
  };
in
lib
