package gateway

// Paths returns the method and the pattern of each part of the API.
func (g *Gateway) Paths() [][2]string {
	var out [][2]string
	for _, p := range g.paths() {
		out = append(out, [2]string{p.method, p.pattern})
	}
	return out
}
