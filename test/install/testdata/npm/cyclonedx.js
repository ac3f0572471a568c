// Checks bills of materials against CycloneDX's schema, strictly: node cyclonedx.js FILE...
const { readFileSync } = require("node:fs");
const { Validation } = require("@cyclonedx/cyclonedx-library");

(async () => {
  const validator = new Validation.JsonStrictValidator("1.6");
  for (const file of process.argv.slice(2)) {
    const wrong = await validator.validate(readFileSync(file, "utf8"));
    if (wrong !== null) {
      console.error(file, JSON.stringify(wrong));
      process.exitCode = 1;
    }
  }
})();
