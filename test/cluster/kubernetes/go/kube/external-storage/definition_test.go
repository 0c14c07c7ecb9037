package externalstorage

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/kubernetes/test/e2e/framework"
	storageframework "k8s.io/kubernetes/test/e2e/storage/framework"
	"sigs.k8s.io/yaml"
)

// definition has the keys of a driver definition. The suite's own type is not exported, only its largest part is.
type definition struct {
	DriverInfo            storageframework.DriverInfo
	StorageClass          classSource
	SnapshotClass         classSource
	VolumeAttributesClass classSource
	InlineVolumes         []struct {
		Attributes       map[string]string
		Shared, ReadOnly bool
	}
	ClientNodeName string
	NodeSelectors  map[string]string
	Timeouts       map[string]string
}

type classSource struct {
	FromName              bool
	FromFile              string
	FromExistingClassName string
}

// capabilities are those that the suite asks for. They are the keys of a map, where a misspelt one is not noticed.
var capabilities = []storageframework.Capability{
	storageframework.CapPersistence, storageframework.CapBlock, storageframework.CapFsGroup, storageframework.CapVolumeMountGroup,
	storageframework.CapExec, storageframework.CapSnapshotDataSource, storageframework.CapVolumeGroupSnapshot,
	storageframework.CapPVCDataSource, storageframework.CapMultiPODs, storageframework.CapRWX,
	storageframework.CapControllerExpansion, storageframework.CapNodeExpansion, storageframework.CapOfflineExpansion,
	storageframework.CapOnlineExpansion, storageframework.CapVolumeLimits, storageframework.CapSingleNodeVolume,
	storageframework.CapTopology, storageframework.CapCapacity, storageframework.CapFSResizeFromSourceNotSupported,
	storageframework.CapReadWriteOncePod, storageframework.CapMultiplePVsSameID, storageframework.CapReadOnlyMany,
}

// checkedFlag looks at a definition before the suite does, which ignores what it does not know.
type checkedFlag struct{ flag.Value }

func (f checkedFlag) Set(file string) error {
	if err := checkDefinition(file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return f.Value.Set(file)
}

func checkDefinitionsOf(definitions *flag.Flag) {
	definitions.Value = checkedFlag{definitions.Value}
}

// checkDefinition refuses unknown keys, and capabilities of which nothing is said.
func checkDefinition(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var parsed definition
	if err := yaml.UnmarshalStrict(content, &parsed); err != nil {
		return err
	}
	unsaid := map[storageframework.Capability]bool{}
	for _, capability := range capabilities {
		if _, isSaid := parsed.DriverInfo.Capabilities[capability]; !isSaid {
			unsaid[capability] = true
		}
		delete(parsed.DriverInfo.Capabilities, capability)
	}
	if len(unsaid) > 0 {
		return fmt.Errorf("capabilities of which it says neither true nor false: %v", unsaid)
	}
	if len(parsed.DriverInfo.Capabilities) > 0 {
		return fmt.Errorf("capabilities that the suite does not know: %v", parsed.DriverInfo.Capabilities)
	}
	return checkTimeouts(parsed.Timeouts)
}

// checkTimeouts reads them as the suite does, which goes on with its own when one is wrong.
func checkTimeouts(texts map[string]string) error {
	timeouts := map[string]time.Duration{}
	for name, text := range texts {
		duration, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		timeouts[name] = duration
	}
	encoded, err := json.Marshal(timeouts)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	return decoder.Decode(&framework.TimeoutContext{})
}
