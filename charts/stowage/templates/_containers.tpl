{{/* Of every container that needs no privileges. */}}
{{- define "stowage.unprivileged" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* One sidecar of the controller. Needs root, driver (of stowage.drivers), name (container), port (its name, and key in httpPorts), values, args. */}}
{{- define "stowage.sidecar" -}}
{{- $port := printf "%s%s" .driver.prefix .port -}}
{{- $httpPort := .values.httpPort -}}
{{- if eq .driver.key "nfs" -}}
{{- $httpPort = get .root.Values.drivers.nfs.httpPorts .port -}}
{{- end -}}
- name: {{ .name }}{{ .driver.suffix }}
  image: {{ printf "%s:%s" .values.image.repository .values.image.tag }}
  imagePullPolicy: {{ .values.image.pullPolicy }}
  args:
    - --v=2
    - --csi-address=/csi/{{ .driver.key }}/csi.sock
    - --timeout={{ .values.timeout }}
    - --leader-election
    - --leader-election-namespace=$(NAMESPACE)
    - --http-endpoint={{ .root.Values.listenAddress }}:{{ $httpPort }}
    {{- range .args }}
    - {{ . }}
    {{- end }}
    {{- range .values.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    - name: NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
  ports:
    - name: {{ $port }}
      containerPort: {{ $httpPort }}
  # Unwell when it has lost the lead and has not noticed.
  livenessProbe:
    httpGet:
      path: /healthz/leader-election
      port: {{ $port }}
    initialDelaySeconds: 10
    periodSeconds: 20
    timeoutSeconds: 10
  securityContext:
    {{- include "stowage.unprivileged" . | nindent 4 }}
  resources:
    {{- toYaml .values.resources | nindent 4 }}
  volumeMounts:
    - name: socket{{ .driver.suffix }}
      mountPath: /csi/{{ .driver.key }}
{{- end -}}
