// Compiles Oracle.sol with solc in WebAssembly: node build.js FOLDER-WITH-node_modules > governor.json
const fs = require("fs");
const path = require("path");

const modules = path.resolve(process.argv[2], "node_modules");
const solc = require(path.join(modules, "solc"));
const read = (file) => fs.readFileSync(file, "utf8");
const version = (name) => JSON.parse(read(path.join(modules, name, "package.json"))).version;
const input = {
  language: "Solidity",
  sources: { "Oracle.sol": { content: read(path.join(__dirname, "Oracle.sol")) } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  },
};
const found = (file) => ({ contents: read(path.join(modules, file)) });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: found }));
const errors = (output.errors || []).filter((one) => one.severity === "error");
if (errors.length) {
  console.error(errors.map((one) => one.formattedMessage).join("\n"));
  process.exit(1);
}
const contracts = {
  ...output.contracts["Oracle.sol"],
  ...output.contracts["@openzeppelin/contracts/governance/TimelockController.sol"],
};
const kept = ["Oracle", "TimelockController", "Weights"].map((name) => {
  const functions = contracts[name].abi
    .filter((one) => one.type === "function" || one.type === "constructor")
    .map((one) => [one.name || "constructor", one.inputs.map((input) => input.type), (one.outputs || []).map((output) => output.type)]);
  return [name, { functions, bytecode: contracts[name].evm.bytecode.object }];
});
const made = { contracts: version("@openzeppelin/contracts"), solc: version("solc"), licence: "MIT", ...Object.fromEntries(kept) };
console.log(JSON.stringify(made, null, 1));
