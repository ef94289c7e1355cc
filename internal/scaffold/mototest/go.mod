module github.com/dockworthy/dockworthy/internal/scaffold/mototest

go 1.26.8
