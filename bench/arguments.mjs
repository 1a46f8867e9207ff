// What a benchmark was told on its command line.
import { fileURLToPath } from 'node:url';

export const has = (name) => process.argv.includes(name);

/** What stands behind a name. */
export const argument = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};

/** Whether a module is the command itself, and not a part of another. */
export const isCommand = (url) => process.argv[1] === fileURLToPath(url);
