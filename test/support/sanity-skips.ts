/** Why csi-sanity may leave a test out: this driver does not attach, modify or snapshot groups; what all nodes share has neither places nor anything to grow on a node; and one test is switched off in it. */
export const MAY_SKIP =
  /^((Controller ?Publish|.*UnpublishVolume|(Controller)?Modify ?Volume|GroupControllerService|NodeExpandVolume|SNAPSHOT_ACCESSIBILITY_CONSTRAINTS).* not supported \(|disabled in the suite itself$)/i;
