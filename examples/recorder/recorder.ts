/**
 * Everything that a host says, one JSON object a line: what is enumerable of an event is JSON.
 *
 *   npm run -s example examples/recorder/recorder.ts > events.ndjson
 */
import { createHost, type HostEvent } from 'rx-libp2p';
import { lastValueFrom } from 'rxjs';

const record = { next: (event: HostEvent) => process.stdout.write(`${JSON.stringify(event)}\n`) };

await using other = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
await using host = await createHost({ listen: [], events: record });
await lastValueFrom(host.services.ping.ping(other.addrs, { count: 1 }));
