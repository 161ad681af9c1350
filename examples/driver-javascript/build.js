// node build.js SOURCE WIT OUT: makes a component of the driver in SOURCE.
import { readFile, writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, out] = process.argv.slice(2);
const { component } = await componentize(await readFile(sourcePath, "utf8"), {
  witPath,
  worldName: "driver",
  // A driver has no clock, no randomness, no files and no network of its own.
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await writeFile(out, component);
