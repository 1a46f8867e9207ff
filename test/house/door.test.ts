import * as node from '../../src/index.js';
import * as browser from '../../src/index.browser.js';
import * as testing from '../../src/testing.js';

const SHARED = [
  'AbortError',
  'DialError',
  'Libp2pError',
  'LimitError',
  'StreamBufferError',
  'StreamResetError',
  'TimeoutError',
  'byteStream',
  'createHost',
  'drawDial',
  'drawDialSvg',
  'generateKey',
  'isLoopback',
  'isPrivate',
  'isQuic',
  'isRelay',
  'isTcp',
  'isWebSocket',
  'lengthPrefixed',
  'lines',
  'memory',
  'noise',
  'ofType',
  'parseMultiaddr',
  'peerIdFrom',
  'plaintext',
  'privateKeyFrom',
  'publicKeyFrom',
  'serve',
  'withLengthPrefix',
  'withStream',
  'yamux',
];

it('the doors show this and nothing else', () => {
  expect(Object.keys(browser).sort()).toEqual(SHARED);
  expect(Object.keys(node).sort()).toEqual([...SHARED, 'tcp'].sort());
  expect(Object.keys(testing).sort()).toEqual(['seededRandom', 'simulateNetwork']);
});
