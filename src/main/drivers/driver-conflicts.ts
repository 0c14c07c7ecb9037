import type { RoleIssue } from '../roles.ts';
import type { DriverEndpoints } from '../sockets.ts';
import type { DriverSection } from './driver.ts';

const ENDPOINT_KEYS = [
  'endpoint',
  'controllerEndpoint',
  'nodeEndpoint',
] as const satisfies readonly (keyof DriverEndpoints)[];

/** Drivers that are in each other's way: with one CSI name, or on one socket. Paths begin below `drivers`, and name the later of the two. */
export function findDriverConflicts(
  drivers: Readonly<Record<string, DriverSection | undefined>>,
): readonly RoleIssue[] {
  const sections = Object.entries(drivers).flatMap(([key, section]) =>
    section === undefined ? [] : [{ key, section }],
  );
  return sections.flatMap(({ key, section }, index) =>
    sections.slice(0, index).flatMap((earlier) => [
      ...(section.driverName === earlier.section.driverName
        ? [{ path: [key, 'driverName'], message: `driver ${earlier.key} has the same name` }]
        : []),
      ...ENDPOINT_KEYS.filter((each) => listPaths(earlier.section).includes(toPath(section[each]) ?? '')).map(
        (each) => ({
          path: [key, each],
          message: `driver ${earlier.key} has the same socket: each driver needs sockets of its own`,
        }),
      ),
    ]),
  );
}

function listPaths(section: DriverEndpoints): readonly string[] {
  return ENDPOINT_KEYS.flatMap((key) => toPath(section[key]) ?? []);
}

/** As it is written twice in different ways. */
function toPath(endpoint: string | undefined): string | undefined {
  return endpoint?.slice('unix://'.length).replaceAll(/\/+/g, '/');
}
