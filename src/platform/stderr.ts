/** One line to where a process says what is not its result. */
export function writeStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
