import { noise, plaintext, yamux } from '../../src/index.js';
import { muxerSuite, securitySuite } from '../../src/testing.js';

securitySuite('noise keeps the rules of security protocols', () => noise());
securitySuite('plaintext keeps the rules of security protocols', () => plaintext(), { authenticated: false });
muxerSuite('yamux keeps the rules of muxers', () => yamux());
