"""Making a release: one version everywhere, archives that come out the same each time, and a trial of each.

`make release VERSION=X.Y.Z` does it all and publishes nothing:

- `places` names every file that has the version in it, `changelog` closes the section of what is unreleased;
- `archives` packs folders reproducibly, `build` makes the four archives and the list of their hashes;
- `clean` is a home folder and an environment of their own, `trial` installs each archive there, speaks MCP
  with what it starts and removes it again;
- `parts` makes the list of what an installation consists of (SBOM, CycloneDX).
"""
