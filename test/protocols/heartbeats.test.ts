import { Heartbeat, Heartbeats, type HeartbeatOwner } from '../../src/protocols/yamux/heartbeat.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

/** A session that notes when it pinged, and when it gave up. */
class Session implements HeartbeatOwner {
  heardBytes = 0;
  readonly pings: number[] = [];
  readonly dead: number[] = [];
  readonly heartbeat: Heartbeat;

  constructor(
    beats: Heartbeats,
    private readonly clock: VirtualClock,
    private readonly onBeat: () => void = () => undefined,
  ) {
    this.heartbeat = new Heartbeat(beats, this);
    this.heartbeat.start();
  }
  onTick(): void {
    this.heartbeat.keepAlive.heard(this.clock.now());
    this.onBeat();
  }
  sendPing(): void {
    this.pings.push(this.clock.now());
  }
  onDead(): void {
    this.dead.push(this.clock.now());
  }
}

function runTo(clock: VirtualClock, end: number): void {
  while (clock.nextAt !== undefined && clock.nextAt <= end) clock.step();
}

describe('heartbeats of many sessions', () => {
  it('come every 15 s from each session’s own start, behind one timer', () => {
    const clock = new VirtualClock();
    const beats = new Heartbeats(clock);
    const first = new Session(beats, clock);
    let second: Session | undefined;
    clock.schedule(() => {
      second = new Session(beats, clock);
    }, 4_000);
    runTo(clock, 40_000);
    expect(first.pings).toEqual([0, 15_000, 30_000]);
    expect(second?.pings).toEqual([4_000, 19_000, 34_000]);
  });

  it('go on for the others when one stops, wherever it stands, and leave no timer behind the last', () => {
    const clock = new VirtualClock();
    const beats = new Heartbeats(clock);
    const sessions = Array.from({ length: 3 }, () => new Session(beats, clock));
    sessions[1]?.heartbeat.stop();
    sessions[1]?.heartbeat.stop();
    runTo(clock, 15_000);
    expect(sessions.map(({ pings }) => pings.length)).toEqual([2, 1, 2]);
    sessions[0]?.heartbeat.stop();
    runTo(clock, 30_000);
    expect(sessions.map(({ pings }) => pings.length)).toEqual([2, 1, 3]);
    sessions[2]?.heartbeat.stop();
    expect(clock.nextAt).toBeUndefined();
  });

  it('are not lost to the others when one ends all from inside its own', () => {
    const clock = new VirtualClock();
    const beats = new Heartbeats(clock);
    const sessions: Session[] = [];
    sessions.push(
      new Session(beats, clock, () => {
        sessions[1]?.heartbeat.stop();
      }),
    );
    sessions.push(new Session(beats, clock), new Session(beats, clock));
    runTo(clock, 15_000);
    expect(sessions.map(({ pings }) => pings.length)).toEqual([2, 1, 2]);
  });

  it('whose owner throws go on for the others', () => {
    const clock = new VirtualClock();
    const beats = new Heartbeats(clock);
    new Session(beats, clock, () => {
      throw new Error('a mistake');
    });
    const other = new Session(beats, clock);
    expect(() => {
      runTo(clock, 15_000);
    }).toThrow('a mistake');
    runTo(clock, 15_000);
    expect(other.pings).toEqual([0, 15_000]);
  });
});
