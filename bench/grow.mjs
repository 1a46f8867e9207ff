// What one more connection or stream takes of the processor, both sides together, when so many are there already.
import { startPair } from './peers.mjs';

/** Ms of one more at each of `decades`. */
export async function growth(kind, decades, progress) {
  const pair = await startPair('ours');
  const make = async (more) => {
    const { error } = await pair.ask('grow', { kind, more });
    if (error !== undefined) throw new Error(`growing ${kind}: ${error}`);
  };
  let have = 0;
  const rows = [];
  try {
    for (const at of decades) {
      progress(`${kind}: ${String(at)}`);
      const probe = Math.min(1000, Math.max(5, at / 2));
      await make(at - probe - have);
      const before = pair.cpuMs();
      await make(probe);
      rows.push({ at, ms: (pair.cpuMs() - before) / probe });
      have = at;
    }
  } finally {
    pair.stop();
  }
  return rows;
}
