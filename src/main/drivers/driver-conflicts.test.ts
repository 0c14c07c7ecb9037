import { expect, test } from 'vitest';
import type { DriverSection } from './driver.ts';
import { findDriverConflicts } from './driver-conflicts.ts';

const ONE = {
  driverName: 'one.example',
  controllerEndpoint: 'unix:///run/c.sock',
  nodeEndpoint: 'unix:///run/n.sock',
};

test.each<[string, DriverSection, readonly string[]]>([
  ['nothing in common', { driverName: 'two.example', endpoint: 'unix:///run/two.sock' }, []],
  ['no sockets at all', { driverName: 'two.example' }, []],
  ['the name', { driverName: 'one.example', endpoint: 'unix:///run/two.sock' }, ['two.driverName']],
  ['a socket', { driverName: 'two.example', endpoint: 'unix:///run/n.sock' }, ['two.endpoint']],
  [
    'both sockets, also when they are written differently',
    {
      driverName: 'two.example',
      controllerEndpoint: 'unix:////run//n.sock',
      nodeEndpoint: 'unix:///run/c.sock',
    },
    ['two.controllerEndpoint', 'two.nodeEndpoint'],
  ],
])('two drivers may not share a name or a socket: %s', (_what, two, expected) => {
  const conflicts = findDriverConflicts({ one: ONE, none: undefined, two });

  expect(conflicts.map(({ path }) => path.join('.'))).toEqual(expected);
  for (const { message } of conflicts) expect(message).toMatch(/^driver one has the same /);
});
