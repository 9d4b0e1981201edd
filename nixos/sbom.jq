# A CycloneDX document from what `go version -m` prints ($modules), go.sum ($sums) and a list of store paths ($paths, may be
# empty). Sorted, and without time and serial number: the same input gives the same bytes.
def rows: split("\n") | map(select(. != ""));

# path and version to the hash of go.sum, which is a SHA-256 over the files of the module.
($sums | rows | map(split(" ")) | map({key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries) as $sum
| ($modules | rows | map(ltrimstr("\t") | split("\t")) | map(select(.[0] == "dep"))
    | map({path: .[1], version: .[2]}) | sort_by(.path)) as $deps
| ($paths | rows | map(split("/") | last | .[33:]) | unique) as $store
| {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "ibutsu",
        name: "ibutsu",
        version: $version,
        licenses: [{license: {id: "MIT"}}],
        purl: "pkg:golang/github.com/ibutsu/ibutsu-go@\($version)"
      }
    },
    components: (
      ($deps | map({
        type: "library",
        "bom-ref": "pkg:golang/\(.path)@\(.version)",
        name: .path,
        version,
        purl: "pkg:golang/\(.path)@\(.version)"
      } + ($sum["\(.path) \(.version)"] as $h | if $h then {properties: [{name: "go.sum", value: $h}]} else {} end)))
      + ($store | map({type: "file", "bom-ref": "nix:\(.)", name: .}))
    ),
    dependencies: [{ref: "ibutsu", dependsOn: ($deps | map("pkg:golang/\(.path)@\(.version)"))}]
  }
