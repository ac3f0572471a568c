# Every container image of the release in one OCI layout, with images.json to list them.
{ buildImages }: buildImages { }
