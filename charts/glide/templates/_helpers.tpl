{{- /* Names, labels and what several manifests say alike. */ -}}

{{- define "glide.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "glide.fullname" -}}
{{- $name := include "glide.name" . }}
{{- if .Values.fullnameOverride }}
{{- $name = .Values.fullnameOverride }}
{{- else if not (contains $name .Release.Name) }}
{{- $name = printf "%s-%s" .Release.Name $name }}
{{- else }}
{{- $name = .Release.Name }}
{{- end }}
{{- $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Of a Deployment these never change. */ -}}
{{- define "glide.selectorLabels" -}}
app.kubernetes.io/name: {{ include "glide.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "glide.labels" -}}
{{- include "glide.labelsAnd" (list . dict) }}
{{- end }}

{{- /* The same with further labels of one manifest. Of equal keys the closest one holds, but for those that find the pods. */ -}}
{{- define "glide.labelsAnd" -}}
{{- $more := last . | default dict }}
{{- with first . }}
{{- $chart := printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- $labels := dict "helm.sh/chart" $chart "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/managed-by" .Release.Service }}
{{- toYaml (mergeOverwrite $labels (.Values.commonLabels | default dict) $more (include "glide.selectorLabels" . | fromYaml)) }}
{{- end }}
{{- end }}

{{- define "glide.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "glide.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- /* The image by tag for people and by digest for nodes, which then ignore the tag. */ -}}
{{- define "glide.image" -}}
{{- with .Values.image }}
{{- $digest := .digest }}
{{- if not .tag }}
{{- $digest = $digest | default (get (.digests | default dict) .flavor) }}
{{- end }}
{{- printf "%s:%s%s" .repository (.tag | default (printf "%s-%s" $.Chart.AppVersion .flavor)) (ternary (print "@" $digest) "" (ne (toString $digest) "")) }}
{{- end }}
{{- end }}

{{- /* The file config.yaml: that of the values, with the times that the pod is given to end. */ -}}
{{- define "glide.config" -}}
{{- $drain := dict "drain_delay" (printf "%ds" (int .Values.drain.delaySeconds)) "drain_timeout" (printf "%ds" (int .Values.drain.timeoutSeconds)) }}
{{- toYaml (mergeOverwrite (deepCopy (.Values.config | default dict)) (dict "api" (dict "http" $drain))) }}
{{- end }}

{{- define "glide.configMapName" -}}
{{- .Values.existingConfigMap | default (include "glide.fullname" .) }}
{{- end }}

{{- /* How pods are asked. */ -}}
{{- define "glide.scheme" -}}
{{- if and (((.Values.config).api).http).tls (not .Values.existingConfigMap) }}https{{ else }}http{{ end }}
{{- end }}

{{- /* The first router that is enabled; empty if nothing is known of the configuration. */ -}}
{{- define "glide.router" -}}
{{- $found := "" }}
{{- range ((.Values.config).routers).language }}
{{- if not (or $found $.Values.existingConfigMap (eq (toString .enabled) "false")) }}
{{- $found = .id }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}
