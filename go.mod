module github.com/einstack/glide

go 1.26.0
