{{- /* Where pods go: away from each other, as far as asked for. */ -}}
{{- define "glide.spread" -}}
{{- $affinity := .Values.affinity | default dict }}
{{- $selector := dict "matchLabels" (include "glide.selectorLabels" . | fromYaml) }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
{{- else if ne .Values.spread "none" }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {{- toYaml $selector | nindent 6 }}
    # The pods of a roll-out count by themselves, not together with those that they replace.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- if eq .Values.spread "hard" }}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" $selector }}
{{- $affinity = merge (dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term))) $affinity }}
{{- end }}
{{- end }}
{{- with $affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
