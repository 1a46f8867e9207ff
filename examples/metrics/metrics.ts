/**
 * A host whose metrics Prometheus can read at /metrics, by go-libp2p's names; here it reads them itself, once.
 *
 *   npm run example examples/metrics/metrics.ts
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { createHost } from 'rx-libp2p';
import { prometheusMetrics } from 'rx-libp2p/metrics';
import { firstValueFrom } from 'rxjs';

const registry = new Registry();
await using host = await createHost({
  listen: ['/ip4/127.0.0.1/tcp/0'],
  events: prometheusMetrics(registry),
});
const server = createServer((_, response) => {
  void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
}).listen(0, '127.0.0.1');

await using other = await createHost({ listen: [] });
await firstValueFrom(other.dial(host.addrs));
await firstValueFrom(other.services.identify.identify(host.peerId));

const { port } = server.address() as AddressInfo;
const page = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
console.log(await page.text());
server.closeAllConnections();
server.close();
