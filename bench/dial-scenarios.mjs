// One dial at a time or several: a peer is told, line by line, what to dial, and answers under the same id.
import { createInterface } from 'node:readline';

/**
 * `prepare(task)` makes a host that has dialed nobody; its `dial(addrs)` resolves with `{ peer, addr }` once it is connected.
 * `facts()` says what is known of the dial by then: how many dials were started, and in which order.
 */
export function runDialer(prepare) {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, ...task } = JSON.parse(line);
    const host = await prepare(task);
    const start = performance.now();
    const result = await host.dial(task.addrs).then(
      (connected) => ({ ms: performance.now() - start, connected }),
      (error) => ({ ms: performance.now() - start, error: `${error.name}: ${error.message.split('\n')[0]}` }),
    );
    console.log(JSON.stringify({ id, ...result, ...host.facts() }));
    await host.stop();
  });
  process.stdin.on('end', () => process.exit(0));
}
