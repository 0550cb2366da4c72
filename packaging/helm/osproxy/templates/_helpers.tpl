{{- define "osproxy.fullname" -}}
{{- if contains "osproxy" .Release.Name -}}
{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-osproxy" .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "osproxy.selectorLabels" -}}
app.kubernetes.io/name: osproxy
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "osproxy.labels" -}}
{{ include "osproxy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "osproxy.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "osproxy.fullname" .) "default") }}
{{- end }}

{{- define "osproxy.image" -}}
{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "osproxy.host" -}}
{{ contains ":" .Values.address | ternary (printf "[%s]" .Values.address) .Values.address }}
{{- end }}

{{- define "osproxy.adminScheme" -}}
{{- if .Values.admin.tls.existingSecret }}https{{ else }}http{{ end -}}
{{- end }}

{{- /* Mistakes that the schema cannot see: each in one line with the remedy. */ -}}
{{- define "osproxy.check" -}}
{{- if not .Values.upstreams }}
{{- fail "upstreams: name at least one OpenSearch node: --set 'upstreams={http://opensearch:9200}'" }}
{{- end }}
{{- if and .Values.etcd.endpoints .Values.directives.configMap }}
{{- fail "etcd.endpoints and directives.configMap: directives come from one of them: set only one" }}
{{- end }}
{{- if and .Values.admin.expose (not .Values.admin.tokensSecret.name) }}
{{- fail "admin.expose: others can then connect, so tokens are needed: set admin.tokensSecret.name" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.admin.expose) }}
{{- fail "metrics.serviceMonitor.enabled: Prometheus must reach the admin listener: set admin.expose" }}
{{- end }}
{{- if and .Values.etcd.user (not .Values.etcd.passwordSecret.name) }}
{{- fail "etcd.user: its password is in a Secret: set etcd.passwordSecret.name" }}
{{- end }}
{{- if and .Values.etcd.passwordSecret.name (not .Values.etcd.user) }}
{{- fail "etcd.passwordSecret: whose password is it: set etcd.user" }}
{{- end }}
{{- if and (ne .Values.tls.clientAuth "none") (not .Values.tls.existingSecret) }}
{{- fail "tls.clientAuth: clients' certificates need TLS: set tls.existingSecret" }}
{{- end }}
{{- if and .Values.upstreamTls.clientCertificate (not .Values.upstreamTls.existingSecret) }}
{{- fail "upstreamTls.clientCertificate: the certificate is in a Secret: set upstreamTls.existingSecret" }}
{{- end }}
{{- if and .Values.etcd.tls.clientCertificate (not .Values.etcd.tls.existingSecret) }}
{{- fail "etcd.tls.clientCertificate: the certificate is in a Secret: set etcd.tls.existingSecret" }}
{{- end }}
{{- if and .Values.admin.tls.existingSecret (not .Values.admin.expose) }}
{{- fail "admin.tls: nobody can read what goes over the pod's loopback: set admin.expose, or leave admin.tls out" }}
{{- end }}
{{- if and .Values.admin.tls.clientCa (not .Values.admin.tls.existingSecret) }}
{{- fail "admin.tls.clientCa: callers' certificates need TLS: set admin.tls.existingSecret" }}
{{- end }}
{{- end }}

{{- /* A value as osproxy takes it: no exponent in a number, on and off for a switch. */ -}}
{{- define "osproxy.settingValue" -}}
{{- if kindIs "bool" . }}{{ ternary "on" "off" . }}
{{- else if kindIs "float64" . }}{{ printf "%.0f" . }}
{{- else }}{{ . }}{{ end -}}
{{- end }}

{{- /* The arguments of osproxy, one a line. */ -}}
{{- define "osproxy.args" -}}
{{- $files := "/etc/osproxy" -}}
--listen={{ include "osproxy.host" . }}:8080
--instance=$(POD_NAME)
--workers={{ .Values.workers }}
--drain-delay={{ .Values.drain.delaySeconds }}s
--drain-timeout={{ .Values.drain.timeoutSeconds }}s
{{- range .Values.upstreams }}
--upstream={{ . }}
{{- end }}
{{- if .Values.admin.expose }}
--admin-listen={{ include "osproxy.host" . }}:{{ .Values.admin.port }}
{{- else }}
--admin-listen=127.0.0.1:{{ .Values.admin.port }}
{{- end }}
{{- with .Values.admin.tokensSecret }}
{{- if .name }}
--admin-tokens-file={{ $files }}/admin-tokens/{{ .key }}
{{- end }}
{{- end }}
{{- if .Values.admin.tls.existingSecret }}
--admin-tls-cert-file={{ $files }}/admin-tls/tls.crt
--admin-tls-key-file={{ $files }}/admin-tls/tls.key
{{- if .Values.admin.tls.clientCa }}
--admin-client-ca-file={{ $files }}/admin-tls/ca.crt
{{- end }}
{{- end }}
{{- if .Values.tls.existingSecret }}
--tls-cert-file={{ $files }}/tls/tls.crt
--tls-key-file={{ $files }}/tls/tls.key
{{- if ne .Values.tls.clientAuth "none" }}
--tls-client-auth={{ .Values.tls.clientAuth }}
--tls-client-ca-file={{ $files }}/tls/ca.crt
{{- end }}
{{- end }}
{{- if .Values.upstreamTls.existingSecret }}
--upstream-ca-file={{ $files }}/upstream-tls/ca.crt
{{- if .Values.upstreamTls.clientCertificate }}
--upstream-cert-file={{ $files }}/upstream-tls/tls.crt
--upstream-key-file={{ $files }}/upstream-tls/tls.key
{{- end }}
{{- end }}
{{- if .Values.etcd.endpoints }}
{{- range .Values.etcd.endpoints }}
--etcd-endpoints={{ . }}
{{- end }}
--etcd-key={{ .Values.etcd.key }}
{{- if .Values.etcd.lastGood }}
--etcd-state-dir=/var/lib/osproxy/state
--etcd-start=last-good
{{- end }}
{{- if .Values.etcd.user }}
--etcd-user={{ .Values.etcd.user }}
--etcd-password-file={{ $files }}/etcd-password/{{ .Values.etcd.passwordSecret.key }}
{{- end }}
{{- if .Values.etcd.tls.existingSecret }}
--etcd-ca-file={{ $files }}/etcd-tls/ca.crt
{{- if .Values.etcd.tls.clientCertificate }}
--etcd-cert-file={{ $files }}/etcd-tls/tls.crt
--etcd-key-file={{ $files }}/etcd-tls/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.directives.configMap }}
--directives-file={{ $files }}/directives/{{ .Values.directives.key }}
{{- end }}
{{- range $name, $file := .Values.secretFiles }}
--{{ $name }}={{ $files }}/{{ $name }}/{{ $file.key }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- range (kindIs "slice" $value | ternary $value (list $value)) }}
--{{ $name }}={{ include "osproxy.settingValue" . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The Secrets that are mounted below /etc/osproxy: a name and a Secret a line. */ -}}
{{- define "osproxy.secrets" -}}
{{- with .Values.tls.existingSecret }}
tls: {{ . }}
{{- end }}
{{- with .Values.upstreamTls.existingSecret }}
upstream-tls: {{ . }}
{{- end }}
{{- with .Values.admin.tls.existingSecret }}
admin-tls: {{ . }}
{{- end }}
{{- with .Values.admin.tokensSecret.name }}
admin-tokens: {{ . }}
{{- end }}
{{- if .Values.etcd.endpoints }}
{{- with .Values.etcd.passwordSecret.name }}
etcd-password: {{ . }}
{{- end }}
{{- with .Values.etcd.tls.existingSecret }}
etcd-tls: {{ . }}
{{- end }}
{{- end }}
{{- range $name, $file := .Values.secretFiles }}
{{ $name }}: {{ $file.secret }}
{{- end }}
{{- end }}
