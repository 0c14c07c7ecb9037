{{/*
The drivers that run, as a JSON object {"drivers": [...]}: the key of each in the configuration, its CSI name, the directory of its socket on nodes,
and what its containers, volumes and ports have in their names. The mounts of exports are no part of what is mounted for the socket: each container
would keep those that were there when it started.
*/}}
{{- define "stowage.drivers" -}}
{{- $plugins := printf "%s/plugins" (clean .Values.kubeletDirectory) -}}
{{- $drivers := list -}}
{{- with .Values.drivers.hostpath -}}
{{- if .enabled -}}
{{- $drivers = append $drivers (dict "key" "hostpath" "name" .driverName "socketDirectory" (printf "%s/%s" $plugins .driverName) "suffix" "" "prefix" "") -}}
{{- end -}}
{{- end -}}
{{- with .Values.drivers.nfs -}}
{{- if .enabled -}}
{{- if not .pools -}}
{{- fail "drivers.nfs: it is enabled and has no pools: name at least one, or set enabled to false" -}}
{{- end -}}
{{- $drivers = append $drivers (dict "key" "nfs" "name" .driverName "socketDirectory" (printf "%s/%s/socket" $plugins .driverName) "suffix" "-nfs" "prefix" "nfs-") -}}
{{- end -}}
{{- end -}}
{{- if not $drivers -}}
{{- fail "drivers: none is enabled; set drivers.hostpath.enabled or drivers.nfs.enabled" -}}
{{- end -}}
{{- dict "drivers" $drivers | toJson -}}
{{- end -}}

{{/* Where nodes mount exports: shared both ways with the host, so that it outlives the pod, and in nobody else's mounts. */}}
{{- define "stowage.mountDirectory" -}}
{{- printf "%s/plugins/%s/mounts" (clean .Values.kubeletDirectory) .Values.drivers.nfs.driverName -}}
{{- end -}}

{{/* Names of the NFS pools whose sizes nobody enforces, as a JSON object {"pools": [...]}: those that no agent works on where they are. */}}
{{- define "stowage.unenforcedPools" -}}
{{- $pools := list -}}
{{- range .Values.drivers.nfs.pools -}}
{{- if not .agent -}}
{{- $pools = append $pools .name -}}
{{- end -}}
{{- end -}}
{{- dict "pools" $pools | toJson -}}
{{- end -}}
