/** Data for streams that are not open here: how much may come before it is no mistake any more. Decisions only. */
import { SmallMap } from '../../core/small-map.js';
import { violation } from './frame.js';

/** For ids that nobody knows: some bytes may be on their way when a stream ends, a flood may not. @source reliability sheet, Y11 */
const MAX_STRAY_BYTES = 1024 * 1024;
/** Ended streams that are remembered one by one; older ones leave what they had left to the common allowance. */
const MAX_REMEMBERED_STREAMS = 1024;

export class Strays {
  private readonly expected = new SmallMap<number, number>();
  private allowance = MAX_STRAY_BYTES;
  private strayBytes = 0;

  /** The stream ended here while the remote still had so much window: it cannot know yet. */
  expect(streamId: number, byteLength: number): void {
    this.expected.set(streamId, byteLength);
    if (this.expected.size <= MAX_REMEMBERED_STREAMS) return;
    const { first } = this.expected;
    if (first === undefined) return;
    this.expected.delete(first[0]);
    this.allowance += first[1];
  }

  /** A body of so many bytes was announced for a stream that is not open. Throws when it is too much. */
  judge(streamId: number, byteLength: number): void {
    const expected = this.expected.get(streamId);
    if (expected !== undefined) {
      if (byteLength > expected)
        throw violation(
          `${String(byteLength)} bytes for stream ${String(streamId)}, which was reset with ${String(expected)} bytes of window left`,
        );
      this.expected.set(streamId, expected - byteLength);
      return;
    }
    this.strayBytes += byteLength;
    if (this.strayBytes > this.allowance)
      throw violation(`${String(this.strayBytes)} bytes for streams that are not open`);
  }
}
