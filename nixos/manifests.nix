# The files of src/web that say which packages the page is made of.
[
  ".npmrc"
  "package.json"
  "pnpm-lock.yaml"
]
