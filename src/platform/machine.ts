/** What the machine gives a process, as far as Node can tell. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Bytes of memory, also where a container has less than its machine; descriptors, where the system says. */
export function machine(): { readonly memoryBytes: number; readonly descriptors: number | undefined } {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  const memoryBytes = constrained > 0 ? Math.min(constrained, total) : total;
  return { memoryBytes, descriptors: descriptorLimit() };
}

/** Node raises the soft limit to the hard one when it starts; what it ended with is read where there is a /proc. */
function descriptorLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
