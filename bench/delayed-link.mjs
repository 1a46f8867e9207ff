// Round trips, seen from outside: a proxy that holds every byte for a while in each direction. A connect through it is
// answered at once, so TCP's own round trip is added.
import { connect, createServer } from 'node:net';

const DELAY_MS = 100;

function delayed(from, to) {
  from.on('data', (chunk) => setTimeout(() => to.write(chunk), DELAY_MS));
  from.on('end', () => setTimeout(() => to.end(), DELAY_MS));
  from.on('error', () => to.destroy());
}

/** Round trips to the first byte of an answer, of each implementation. */
export async function roundTrips(pairs) {
  const rows = [];
  for (const [name, pair] of Object.entries(pairs)) {
    if (!String(pair.addr).startsWith('/ip4')) continue;
    const [, port] = /\/tcp\/(\d+)/.exec(pair.addr);
    const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      delayed(near, far);
      delayed(far, near);
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const through = pair.addr.replace(/\/tcp\/\d+/, `/tcp/${String(proxy.address().port)}`);
    // Once before, so that no code is met for the first time.
    await pair.ask('firstByte', {}, through);
    const { value, furtherMs, error } = await pair.ask('firstByte', {}, through);
    proxy.close();
    if (error !== undefined) throw new Error(`over a delayed link, ${name}: ${error}`);
    rows.push({ name, cold: value / (2 * DELAY_MS) + 1, further: furtherMs / (2 * DELAY_MS) });
  }
  return rows;
}
