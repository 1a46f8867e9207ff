/** Addresses that wait for their turn, by delay. A pure list. @source go-libp2p swarm, dial queue (QUEUE-1 to QUEUE-3) */
export interface Queued {
  readonly key: string;
  readonly delayMs: number;
}

/** Adds an address, or moves it when its delay is another one: behind all of the same delay. */
export function updateOrAdd(queue: readonly Queued[], key: string, delayMs: number): readonly Queued[] {
  if (queue.some((queued) => queued.key === key && queued.delayMs === delayMs)) return queue;
  const others = queue.filter((queued) => queued.key !== key);
  const behind = others.findIndex((queued) => queued.delayMs > delayMs);
  const at = behind < 0 ? others.length : behind;
  return [...others.slice(0, at), { key, delayMs }, ...others.slice(at)];
}

/** All that share the smallest delay, and what is left. */
export function nextBatch(queue: readonly Queued[]): {
  readonly batch: readonly string[];
  readonly rest: readonly Queued[];
} {
  const end = queue.findIndex(({ delayMs }) => delayMs !== queue[0]?.delayMs);
  const size = end < 0 ? queue.length : end;
  return { batch: queue.slice(0, size).map(({ key }) => key), rest: queue.slice(size) };
}
