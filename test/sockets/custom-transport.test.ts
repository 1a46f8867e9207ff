import { Meter, metered } from '../../examples/custom-transport/metered.js';
import { tcp } from '../../src/index.js';
import { transportSuite } from '../../src/testing.js';

const meter = new Meter();
transportSuite('the transport of the example keeps the rules of transports', () => metered(tcp(), meter));

it('and it has counted', () => {
  expect(meter.read).toBeGreaterThan(1_000_000);
  expect(meter.written).toBeGreaterThan(1_000_000);
});
