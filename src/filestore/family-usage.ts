/** What one member of a family occupies. */
export interface MemberUsage {
  /** Blocks that it refers to, shared or not. */
  readonly usedBytes: number;
  /** Those of them that certainly nobody else refers to; 0 where nobody can say. */
  readonly exclusiveBytes: number;
}

interface Family {
  readonly members: Map<string, MemberUsage>;
  exclusiveBytes: number;
  /** The most that one member shares. */
  sharedBytes: number;
}

/**
 * The least that volumes and snapshots occupy together. Whatever was cloned or cut from one another is a family, whose members share blocks:
 * summing up what each refers to would count those once for each, and take foreign files for the volumes'. Certain is
 * what each has for itself, and once the most that a member shares: its blocks are all there, whoever else refers to them. More than was promised
 * to a member does not count, since nothing is left to be written for it.
 */
export class FamilyUsage {
  readonly #families = new Map<string, Family>();
  readonly #familyOf = new Map<string, string>();
  #bytes = 0;

  /** The sum over all families. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a member, which must not be there yet. */
  add(
    object: { readonly id: string; readonly family: string; readonly promisedBytes: number },
    usage: MemberUsage,
  ): void {
    const usedBytes = Math.min(usage.usedBytes, object.promisedBytes);
    const exclusiveBytes = Math.min(usage.exclusiveBytes, usedBytes);
    const family = this.#families.get(object.family) ?? {
      members: new Map<string, MemberUsage>(),
      exclusiveBytes: 0,
      sharedBytes: 0,
    };
    this.#families.set(object.family, family);
    this.#familyOf.set(object.id, object.family);
    family.members.set(object.id, { usedBytes, exclusiveBytes });
    this.#recount(family, {
      exclusiveBytes: family.exclusiveBytes + exclusiveBytes,
      sharedBytes: Math.max(family.sharedBytes, usedBytes - exclusiveBytes),
    });
  }

  /** Takes a member out; an unknown one is fine. */
  forget(id: string): void {
    const name = this.#familyOf.get(id);
    const family = name === undefined ? undefined : this.#families.get(name);
    const member = family?.members.get(id);
    if (name === undefined || family === undefined || member === undefined) return;
    this.#familyOf.delete(id);
    family.members.delete(id);
    if (family.members.size === 0) this.#families.delete(name);
    let sharedBytes = 0;
    for (const { usedBytes, exclusiveBytes } of family.members.values())
      sharedBytes = Math.max(sharedBytes, usedBytes - exclusiveBytes);
    this.#recount(family, { exclusiveBytes: family.exclusiveBytes - member.exclusiveBytes, sharedBytes });
  }

  #recount(family: Family, now: { readonly exclusiveBytes: number; readonly sharedBytes: number }): void {
    this.#bytes += now.exclusiveBytes + now.sharedBytes - family.exclusiveBytes - family.sharedBytes;
    family.exclusiveBytes = now.exclusiveBytes;
    family.sharedBytes = now.sharedBytes;
  }
}
