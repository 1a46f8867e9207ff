import { memory } from '../../src/index.js';
import { transportSuite } from '../../src/testing.js';

transportSuite('memory keeps the rules of transports', () => memory());
transportSuite('memory that takes its time keeps the rules of transports', () => memory({ latencyMs: 2 }), {
  streams: 200,
  bytes: 1024 * 1024,
  heldChannelBytes: 1024 * 1024,
});

it('transportSuite names an option that it does not know, and what it cannot guess', () => {
  const suite = (options: object) => () => {
    transportSuite('wrong', () => memory(), options);
  };
  expect(suite({ byte: 1 })).toThrow(/transportSuite has no option "byte" \(its value: 1\)/);
  expect(suite({ bytes: -1 })).toThrow(/bytes is -1/);
  expect(suite({ resetCodes: 'no' })).toThrow(/resetCodes is "no"; it takes true or false/);
});
