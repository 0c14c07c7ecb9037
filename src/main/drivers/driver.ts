import type { Config } from '../config.ts';
import type { Role, RoleIssue } from '../roles.ts';
import type { DriverEndpoints } from '../sockets.ts';

/** The key of a driver below `drivers` in the configuration file. */
export type DriverKey = keyof Config['drivers'];

/** What the section of every driver has. */
export interface DriverSection extends DriverEndpoints {
  /** CSI name. */
  readonly driverName: string;
}

/** Who is to use a section. */
export interface SectionUse {
  readonly role: Role;
  readonly nodeName: string;
}

/** What a driver is for the configuration. It loads nothing that runs: its halves are in other files, since no program loads both. */
export interface DriverDefinition<S extends DriverSection> {
  readonly key: DriverKey;
  readonly findSection: (drivers: Config['drivers']) => S | undefined;
  /** Whether `stowage agent` can offer pools of it: those that other machines than the nodes have. */
  readonly hasAgent: boolean;
  /** What keeps a role from using the section, beside its sockets, which are looked at for every driver alike. Paths begin below the section. */
  readonly listIssues: (section: S, use: SectionUse) => readonly RoleIssue[];
  /** A line for each pool, for `config check`. */
  readonly describePools: (section: S, nodeName: string) => readonly string[];
}

/** A driver whose section is in the configuration. */
export interface ConfiguredDriver {
  readonly key: DriverKey;
  readonly section: DriverSection;
  readonly hasAgent: boolean;
  listIssues(use: SectionUse): readonly RoleIssue[];
  describePools(nodeName: string): readonly string[];
}

/** A driver that there is; its section has a type of which only the driver itself knows. */
export interface Driver {
  readonly hasAgent: boolean;
  /** Undefined when the configuration has no section for it. */
  find(drivers: Config['drivers']): ConfiguredDriver | undefined;
}

/** Hides the type of the section. */
export function defineDriver<S extends DriverSection>(definition: DriverDefinition<S>): Driver {
  const { key, hasAgent } = definition;
  return {
    hasAgent,
    find(drivers) {
      const section = definition.findSection(drivers);
      if (section === undefined) return undefined;
      return {
        key,
        section,
        hasAgent,
        listIssues: (use) => definition.listIssues(section, use),
        describePools: (nodeName) => definition.describePools(section, nodeName),
      };
    },
  };
}
