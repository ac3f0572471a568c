// Checks the syntax of PowerShell scripts: node powershell.js FILE...
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const library = require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter.js");
const { Language, Parser } = require(library);

(async () => {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(join(dirname(library), "tree-sitter-powershell.wasm")));
  for (const file of process.argv.slice(2)) {
    if (parser.parse(readFileSync(file, "utf8")).rootNode.hasError) {
      console.error(`${file}: is no PowerShell`);
      process.exitCode = 1;
    }
  }
})();
