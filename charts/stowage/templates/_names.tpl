{{/* Names and labels. */}}
{{- define "stowage.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's unless it has it already. Short enough for what is appended, and for the kubelet's labels. */}}
{{- define "stowage.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "stowage.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "stowage.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What pods are found by: never changed, since selectors are immutable. */}}
{{- define "stowage.selector" -}}
app.kubernetes.io/name: {{ include "stowage.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "stowage.labels" -}}
{{ include "stowage.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "stowage.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{/* Names of what is cluster-wide: two releases must not share it. */}}
{{- define "stowage.clusterName" -}}
{{- if eq .Release.Namespace (include "stowage.fullname" .) -}}
{{- include "stowage.fullname" . -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace (include "stowage.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* "true" when the cluster has the API of snapshots, or the values say so. */}}
{{- define "stowage.snapshots" -}}
{{- $wanted := toString .Values.snapshots.enabled -}}
{{- if eq $wanted "auto" -}}
{{- .Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1/VolumeSnapshotClass" -}}
{{- else -}}
{{- $wanted -}}
{{- end -}}
{{- end -}}
