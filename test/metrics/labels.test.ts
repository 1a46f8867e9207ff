import { Libp2pError, TimeoutError } from '../../src/core/errors.js';
import {
  addrLabels,
  blockedLabels,
  dialCountLabel,
  dialErrorLabel,
  keyTypeLabel,
  scopeLabel,
} from '../../src/metrics/labels.js';

const RELAY = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';

it.each([
  ['/ip4/1.2.3.4/tcp/4001', 'tcp', 'ip4'],
  ['/ip6/2001:db8::1/tcp/4001', 'tcp', 'ip6'],
  ['/ip6zone/eth0/ip6/fe80::1/tcp/4001', 'tcp', 'ip6'],
  ['/dns4/example.org/tcp/443/wss', 'wss', 'ip4'],
  ['/dns6/example.org/tcp/80/ws', 'ws', 'ip6'],
  ['/dns/example.org/tcp/443/tls/ws', 'ws', 'unknown'],
  ['/ip4/1.2.3.4/udp/4001/quic-v1', 'quic-v1', 'ip4'],
  ['/ip4/1.2.3.4/udp/4001/quic-v1/webtransport', 'webtransport', 'ip4'],
  ['/ip4/1.2.3.4/udp/4001/webrtc-direct', 'webrtc-direct', 'ip4'],
  [`/ip4/1.2.3.4/tcp/4001/p2p/${RELAY}/p2p-circuit`, 'p2p-circuit', 'ip4'],
  ['/memory/1', 'other', 'unknown'],
  ['/dnsaddr/constructor', 'other', 'unknown'],
  ['no address', 'other', 'unknown'],
])('[MET-1] %s is %s over %s', (addr, transport, ip_version) => {
  expect(addrLabels(addr)).toEqual({ transport, ip_version });
});

it.each([
  ['Ed25519', 'Ed25519'],
  ['secp256k1', 'Secp256k1'],
  ['ECDSA', 'ECDSA'],
  ['RSA', 'RSA'],
  ['toString', 'other'],
])('[MET-3] the key type %s is %s', (type, label) => {
  expect(keyTypeLabel(type)).toBe(label);
});

const system = (code: string): Error => Object.assign(new Error('connect'), { code });
const wrapped = (cause: Error): Error =>
  new Libp2pError('ERR_TRANSPORT', 'network', 'tcp: it did not connect', { cause });
it.each([
  ['ERR_TIMEOUT', new TimeoutError('dialing', 5_000), 'deadline'],
  ['ERR_TRANSPORT', wrapped(system('ECONNREFUSED')), 'connection refused'],
  ['ERR_TRANSPORT', wrapped(wrapped(system('ETIMEDOUT'))), 'timeout'],
  ['ERR_TRANSPORT', wrapped(system('EHOSTUNREACH')), 'other'],
  ['ERR_NOISE_HANDSHAKE', new Error('connect: connection refused, says the remote'), 'other'],
  ['ERR_TRANSPORT', undefined, 'other'],
])('[MET-6] %s with %p is "%s"', (code, error, label) => {
  expect(dialErrorLabel(code, error)).toBe(label);
});

it('[MET-6] an error that is its own cause is looked at for a while, and then let go', () => {
  const error = new Error('again');
  error.cause = error;
  expect(dialErrorLabel('ERR_TRANSPORT', error)).toBe('other');
});

it.each([
  [0, '0'],
  [5, '5'],
  [6, '>=6'],
  [100, '>=6'],
])('[MET-8] %d addresses are "%s"', (count, label) => {
  expect(dialCountLabel(count)).toBe(label);
});

it.each([
  ['system', 'system'],
  ['transient', 'transient'],
  [`peer:${RELAY}`, 'peer'],
  ['protocol:/chat/1.0.0', 'protocol'],
  [`protocol:/chat/1.0.0.peer:${RELAY}`, 'protocol'],
  ['service:identify', 'service'],
  ['connection:3', 'conn'],
  ['connection', 'conn'],
  ['stream:3-1', 'stream'],
  [RELAY, 'other'],
  ['ip4:192.0.2.1', 'other'],
  ['systemic', 'other'],
  ['constructor', 'other'],
  ['', 'other'],
])('[MET-37] the scope %s is %s', (scope, label) => {
  expect(scopeLabel(scope)).toBe(label);
});

it.each([
  ['inboundStreams', 'remote', 'inbound', 'stream'],
  ['outboundStreams', 'local', 'outbound', 'stream'],
  ['streams', 'remote', 'inbound', 'stream'],
  ['streams', undefined, 'unknown', 'stream'],
  ['inboundConnections', 'remote', 'inbound', 'connection'],
  ['connections', 'local', 'outbound', 'connection'],
  ['perSecond', 'remote', 'inbound', 'connection'],
  ['memoryBytes', 'remote', '', 'memory'],
  ['descriptors', 'local', '', 'fd'],
  ['/ipfs/id/1.0.0 streams', 'remote', 'inbound', 'stream'],
  ['tags', 'local', '', 'other'],
])('[MET-37] the limit %s, met by %s, is "%s" %s', (limit, fault, dir, resource) => {
  expect(blockedLabels(limit, fault)).toEqual({ dir, resource });
});
