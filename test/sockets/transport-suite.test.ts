import { plaintext, tcp } from '../../src/index.js';
import { transportSuite } from '../../src/testing.js';

/** Where there is time: as much as a film, each way and both ways at once. */
const bytes = process.env['CI'] === undefined ? 8 * 1024 * 1024 : 256 * 1024 * 1024;

transportSuite('tcp keeps the rules of transports', () => tcp(), { bytes, timeoutMs: 180_000 });
transportSuite('tcp under plaintext keeps the rules of transports', () => tcp(), {
  hostOptions: { security: [plaintext()] },
});
