import type { TransportPart } from '../../src/core/parts.js';
import { plaintext, quic, tcp, webSocket } from '../../src/index.js';
import { transportSuite } from '../../src/testing.js';
import { selfSigned } from '../support/certificates.js';

/** Where there is time: as much as a film, each way and both ways at once. */
const bytes = process.env['CI'] === undefined ? 8 * 1024 * 1024 : 256 * 1024 * 1024;

transportSuite('tcp keeps the rules of transports', () => tcp(), { bytes, timeoutMs: 180_000 });
transportSuite('tcp under plaintext keeps the rules of transports', () => tcp(), {
  hostOptions: { security: [plaintext()] },
});

transportSuite('webSocket keeps the rules of transports', () => webSocket(), { bytes, timeoutMs: 180_000 });

const certificate = selfSigned();
const secure = { certificate, trust: { ca: certificate.cert } };
transportSuite('webSocket over TLS keeps the rules of transports', () => webSocket(secure), {
  listen: '/ip4/127.0.0.1/tcp/0/tls/ws',
  bytes,
  timeoutMs: 180_000,
});
transportSuite('webSocket on a shared port keeps the rules of transports', () => sharing(webSocket()), {
  listen: '/ip4/127.0.0.1/tcp/0/ws',
});
transportSuite('tcp on a shared port keeps the rules of transports', () => tcp({ sharePorts: true }));

// Windows are the addon's: 2 MiB a stream here, so that what a stopped reader holds back is seen in the suite's own measure.
transportSuite('quic keeps the rules of transports', () => quic({ streamWindowBytes: 2 * 1024 * 1024 }), {
  resetCodes: false,
  channels: false,
  bytes,
  timeoutMs: 180_000,
});

/** Ports are shared when `tcp` says so, which need not listen itself. */
function sharing(inner: TransportPart): TransportPart {
  return {
    ...inner,
    create: (context) => {
      tcp({ sharePorts: true }).create(context);
      return inner.create(context);
    },
  };
}
