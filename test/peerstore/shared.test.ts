import fc from 'fast-check';
import { utf8 } from '../../src/core/bytes.js';
import { NO_METADATA, packed, Shared, unpacked } from '../../src/peerstore/shared.js';

const map = (...entries: [string, string][]): ReadonlyMap<string, Uint8Array<ArrayBuffer>> =>
  new Map(entries.map(([key, value]) => [key, utf8(value)]));

describe('what peers have alike', () => {
  it('is one list for lists that are equal, and no other', () => {
    const shared = new Shared();
    const list = shared.list(['/a', '/b']);
    expect(shared.list(['/a', '/b'])).toBe(list);
    expect(shared.list(['/b', '/a'])).toEqual(['/b', '/a']);
    expect(shared.list([])).toEqual([]);
  });

  it('is one map for maps that are equal, and no other', () => {
    const shared = new Shared();
    const known = shared.metadata(map(['agent', 'x'], ['version', '1']));
    expect(shared.metadata(map(['agent', 'x'], ['version', '1']))).toBe(known);
    for (const other of [
      map(['agent', 'x'], ['version', '2']),
      map(['agent', 'x'], ['version1', '']),
      map(['agen', 'tx'], ['version', '1']),
      map(['agent', 'x']),
    ]) {
      const kept = shared.metadata(other);
      expect(kept).not.toBe(known);
      expect([...kept]).toEqual([...other]);
    }
    expect(shared.metadata(map())).toBe(NO_METADATA);
  });

  it('is not compared where it is long', () => {
    const shared = new Shared();
    const long = (): ReadonlyMap<string, Uint8Array<ArrayBuffer>> => map(['a', 'b'.repeat(5_000)]);
    expect(shared.metadata(long())).not.toBe(shared.metadata(long()));
  });
});

describe('packed bytes', () => {
  it('are the same bytes again, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000, size: 'max' }), (bytes) => {
        expect([...unpacked(packed(bytes))]).toEqual([...bytes]);
      }),
    );
  });
});
