{{/*
The configuration file, one for both roles. What differs between them (the name of the node, the address of metrics) is said on
their command lines.
*/}}
{{- define "stowage.config" -}}
{{- if ne (empty .Values.tls.controllerSecret) (empty .Values.tls.agentSecret) -}}
{{- fail "tls: set controllerSecret and agentSecret, or none of them" -}}
{{- end -}}
{{- $name := include "stowage.fullname" . -}}
stateDirectory: {{ .Values.stateDirectory }}
runDirectory: /run/stowage
log:
  {{- toYaml .Values.log | nindent 2 }}
limits:
  {{- toYaml .Values.limits | nindent 2 }}
agent:
  address: {{ printf "%s:%d" .Values.listenAddress (int .Values.node.agentPort) | quote }}
tls:
  directory: /etc/stowage/tls
  {{- if not .Values.tls.agentSecret }}
  # The controller makes these Secrets; nodes have the second one mounted in the directory above.
  kubernetes:
    namespace: {{ .Release.Namespace }}
    caSecret: {{ $name }}-ca
    agentSecret: {{ $name }}-agent-tls
  {{- end }}
controller:
  agents:
    kubernetes:
      namespace: {{ .Release.Namespace }}
      selector: {{ printf "app.kubernetes.io/name=%s,app.kubernetes.io/instance=%s,app.kubernetes.io/component=node" (include "stowage.name" .) .Release.Name }}
      port: {{ .Values.node.agentPort }}
    {{- with .Values.controller.agents }}
    static:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  registry:
    type: kubernetes
  lease:
    namespace: {{ .Release.Namespace }}
    name: {{ $name }}-controller
drivers:
  {{- range (include "stowage.drivers" . | fromJson).drivers }}
  {{ .key }}:
    driverName: {{ .name }}
    endpoint: unix:///csi/{{ .key }}/csi.sock
    {{- if eq .key "nfs" }}
    mountDirectory: {{ include "stowage.mountDirectory" $ }}
    {{- end }}
    pools:
      {{- toYaml (get $.Values.drivers .key).pools | nindent 6 }}
  {{- end }}
{{- end -}}

{{/*
Directories of the host that pools need beside the state directory, sorted, each once, as a JSON object {"paths": [...]}. One that is
below another needs no mount of its own; those of backing files have one in any case, since that makes them where they are missing. An agent that
is not listed beside the nodes is that of a node, which has the directory that it exports.
*/}}
{{- define "stowage.poolDirectories" -}}
{{- $files := list -}}
{{- $wanted := list -}}
{{- $servers := list -}}
{{- range .Values.controller.agents -}}
{{- $servers = append $servers .node -}}
{{- end -}}
{{- if .Values.drivers.nfs.enabled -}}
{{- range .Values.drivers.nfs.pools -}}
{{- if eq .type "shared" -}}
{{- $wanted = append $wanted (clean (default .path .mountPoint)) -}}
{{- else if and .agent (not (has (dig "agent" "node" "" .) $servers)) -}}
{{- $wanted = append $wanted (clean (default .agent.path .agent.mountPoint)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range ternary .Values.drivers.hostpath.pools list .Values.drivers.hostpath.enabled -}}
{{- $wanted = append $wanted (clean (dig "backing" "mountPoint" .path .)) -}}
{{- if eq (dig "backing" "type" "none" .) "file" -}}
{{- $files = append $files (dir .backing.path) -}}
{{- end -}}
{{- end -}}
{{- $kept := list (clean .Values.stateDirectory) -}}
{{- range $path := concat $wanted $files | uniq | sortAlpha -}}
{{- $inside := false -}}
{{- range $kept -}}
{{- if or (eq . $path) (and (hasPrefix (printf "%s/" .) $path) (not (has $path $files))) -}}
{{- $inside = true -}}
{{- end -}}
{{- end -}}
{{- if not $inside -}}
{{- $kept = append $kept $path -}}
{{- end -}}
{{- end -}}
{{- dict "paths" (rest $kept) | toJson -}}
{{- end -}}
