"""The image, built and run with podman on a base that stands in for CentOS."""
