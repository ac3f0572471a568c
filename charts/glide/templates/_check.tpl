{{- /* What the schema cannot see: values that are there but do not go together. All of it is told at once. */ -}}
{{- define "glide.check" -}}
{{- $problems := list }}
{{- $v := .Values }}

{{- if not (or ($v.config).routers $v.existingConfigMap) }}
{{- $problems = append $problems "config.routers is missing: add a router, such as {language: [{id: default, models: [{id: simulated, simulated: {}}]}]}, or name a ConfigMap of yours in existingConfigMap" }}
{{- end }}

{{- $http := (($v.config).api).http | default dict }}
{{- range $key, $value := dict "drain_delay" "drain.delaySeconds" "drain_timeout" "drain.timeoutSeconds" }}
{{- if hasKey $http $key }}
{{- $problems = append $problems (printf "config.api.http.%s: set %s instead, after which the pod's time to end is set too" $key $value) }}
{{- end }}
{{- end }}

{{- if ($http.tls).client_ca }}
{{- $problems = append $problems "config.api.http.tls.client_ca: probes of Kubernetes show no certificate: remove it, and have clients show theirs to an ingress controller or a gateway" }}
{{- end }}

{{- $config := toYaml ($v.config | default dict) }}
{{- range regexFindAll "\\$\\{file:/etc/glide/secrets/[^}]*\\}" $config -1 | uniq }}
{{- $name := index (splitList "/" .) 4 }}
{{- if not (has $name $v.secrets) }}
{{- $problems = append $problems (printf "config refers to %s, but secrets does not name %q: add it" . $name) }}
{{- end }}
{{- end }}
{{- range $v.env }}
{{- if has .name (list "GLIDE_ADDR" "GLIDE_CONFIG") }}
{{- $problems = append $problems (printf "env sets %s, which the chart does: remove it" .name) }}
{{- end }}
{{- end }}
{{- if not $v.envFrom }}
{{- $names := list "GLIDE_ADDR" "GLIDE_CONFIG" }}
{{- range $v.env }}
{{- $names = append $names .name }}
{{- end }}
{{- range regexFindAll "\\$\\{env:[^}]*\\}" $config -1 | uniq }}
{{- if not (has (. | trimPrefix "${env:" | trimSuffix "}") $names) }}
{{- $problems = append $problems (printf "config refers to %s, but env does not set it: add it to env, or put it into a Secret and write ${file:/etc/glide/secrets/NAME/KEY}" .) }}
{{- end }}
{{- end }}
{{- end }}

{{- $own := dict
  "podSpec" (list "affinity" "automountServiceAccountToken" "containers" "enableServiceLinks" "imagePullSecrets" "initContainers" "nodeSelector" "priorityClassName" "securityContext" "serviceAccountName" "terminationGracePeriodSeconds" "tolerations" "topologySpreadConstraints" "volumes")
  "service.spec" (list "ports" "selector" "type") }}
{{- range $path, $further := dict "podSpec" $v.podSpec "service.spec" $v.service.spec }}
{{- range $key, $value := $further }}
{{- if has $key (get $own $path) }}
{{- $problems = append $problems (printf "%s.%s: the chart writes this field: set the value that it is made of" $path $key) }}
{{- end }}
{{- end }}
{{- end }}

{{- with $v.autoscaling }}
{{- if .enabled }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- $problems = append $problems (printf "autoscaling.minReplicas %d is above maxReplicas %d: lower it" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- if and (not .targetCPUUtilizationPercentage) (not .metrics) }}
{{- $problems = append $problems "autoscaling has nothing to go by: set targetCPUUtilizationPercentage or metrics" }}
{{- end }}
{{- if and .targetCPUUtilizationPercentage (not (($v.resources).requests).cpu) }}
{{- $problems = append $problems "autoscaling.targetCPUUtilizationPercentage is a share of resources.requests.cpu, which is missing: set it" }}
{{- end }}
{{- end }}
{{- end }}

{{- with $v.podDisruptionBudget }}
{{- $pods := int $v.replicas }}
{{- with $v.autoscaling }}
{{- $pods = ternary .minReplicas $v.replicas .enabled | int }}
{{- end }}
{{- $stay := .minAvailable | default "" | toString }}
{{- if and .enabled (or (eq $stay "100%") (and (regexMatch "^[1-9][0-9]*$" $stay) (ge (int $stay) $pods))) }}
{{- $problems = append $problems (printf "podDisruptionBudget.minAvailable %s of %d pods lets no node be drained: lower it, or use maxUnavailable" $stay $pods) }}
{{- end }}
{{- if and .enabled (eq $stay "") (has (.maxUnavailable | default 0 | toString) (list "0" "0%")) }}
{{- $problems = append $problems "podDisruptionBudget.maxUnavailable 0 lets no node be drained: set 1 or more" }}
{{- end }}
{{- end }}

{{- if and (eq $v.spread "hard") ($v.affinity).podAntiAffinity }}
{{- $problems = append $problems "spread: hard and affinity.podAntiAffinity say the same in two ways: set spread to soft, or remove the affinity" }}
{{- end }}
{{- if and ($v.ingress).enabled (not $v.ingress.hosts) }}
{{- $problems = append $problems "ingress.hosts is empty: name the hosts under which clients reach Glide" }}
{{- end }}
{{- if and ($v.httpRoute).enabled (not $v.httpRoute.parentRefs) }}
{{- $problems = append $problems "httpRoute.parentRefs is empty: name the gateway, such as [{name: public, namespace: gateways}]" }}
{{- end }}
{{- if and ($v.prometheusRule).enabled (not ($v.serviceMonitor).enabled) }}
{{- $problems = append $problems "prometheusRule.enabled: without serviceMonitor.enabled there are no metrics, and the alert GlideGone never ends: set both" }}
{{- end }}
{{- if and (not $v.serviceAccount.create) (not $v.serviceAccount.name) }}
{{- $problems = append $problems "serviceAccount.name is empty: name the account that is there, or set serviceAccount.create" }}
{{- end }}

{{- if $problems }}
{{- fail (printf "the values do not work:\n- %s" (join "\n- " $problems)) }}
{{- end }}
{{- end }}
