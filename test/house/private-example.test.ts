import { talk } from '../../examples/private/private.js';

it('the example: a member of the private network is answered, and a stranger is not', async () => {
  const lines: string[] = [];
  await talk((line) => lines.push(line));
  expect(lines).toEqual([
    expect.stringMatching(/^in the private network [0-9a-f]{32}$/),
    'member: hello',
    expect.stringMatching(/^stranger: failed to dial/),
  ]);
});
