import * as node from '../../src/index.js';
import * as browser from '../../src/index.browser.js';
import * as metrics from '../../src/metrics.js';
import * as pnet from '../../src/pnet.js';
import * as testing from '../../src/testing.js';

const SHARED = [
  'ADDR_TTL',
  'AbortError',
  'DialError',
  'Libp2pError',
  'LimitError',
  'StreamBufferError',
  'StreamResetError',
  'TimeoutError',
  'allowDeny',
  'byteStream',
  'createHost',
  'defaultFilters',
  'defaultRanking',
  'defaultStrategy',
  'delayRelays',
  'dnsOverHttps',
  'drawDial',
  'drawDialSvg',
  'generateKey',
  'giveUpAfter',
  'happyEyeballs',
  'isLoopback',
  'isPrivate',
  'isPublic',
  'isQuic',
  'isRelay',
  'isTcp',
  'isWebSocket',
  'lengthPrefixed',
  'limitAddrs',
  'lines',
  'mapDials',
  'memory',
  'memoryPeerStore',
  'noDelay',
  'noise',
  'ofType',
  'only',
  'parseMultiaddr',
  'peerIdFrom',
  'plaintext',
  'privateKeyFrom',
  'publicKeyFrom',
  'rankHappyEyeballs',
  'rankNoDelay',
  'rankRelays',
  'refuse',
  'refuseBlackHoled',
  'resolveAddrs',
  'serve',
  'stagger',
  'unlimited',
  'webSocket',
  'withLengthPrefix',
  'withStream',
  'yamux',
];

it('the doors show this and nothing else', () => {
  expect(Object.keys(browser).sort()).toEqual(SHARED);
  expect(Object.keys(node).sort()).toEqual([...SHARED, 'quic', 'tcp', 'tls'].sort());
  expect(Object.keys(metrics)).toEqual(['prometheusMetrics']);
  expect(Object.keys(pnet).sort()).toEqual(['pskFile', 'pskFingerprint', 'pskFrom']);
  expect(Object.keys(testing).sort()).toEqual([
    'muxerSuite',
    'securitySuite',
    'seededRandom',
    'simulateDial',
    'simulateNetwork',
    'transportSuite',
  ]);
});
