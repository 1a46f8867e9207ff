/** Says on the process what nobody listens to: a process warning where there is one, else the console. */
export function warn(error: Error): void {
  const { process } = globalThis as { process?: { emitWarning?: (warning: string, type: string) => void } };
  const text = `${error.name}: ${error.message}`;
  if (process?.emitWarning !== undefined) process.emitWarning(text, 'rx-libp2p');
  else console.warn(`rx-libp2p: ${text}`);
}
