"""Which project an ``import`` may mean. A guess: a module's name is nobody's property."""

from __future__ import annotations

import re
import sys

from condadeps.names.namespaces import ProjectName

_PROJECTS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "cairosvg": "CairoSVG",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "lxml": "lxml",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mpl_toolkits.basemap": "basemap",
    "mysql": "mysql-connector-python",
    "MySQLdb": "mysqlclient",
    "osgeo": "gdal",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2",
    "pylab": "matplotlib",
    "pythoncom": "pywin32",
    "rdkit": "rdkit",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socks": "pysocks",
    "tables": "tables",
    "usb": "pyusb",
    "win32com": "pywin32",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


def project_of(module: str) -> str:
    """The project that probably ships ``module`` (``sklearn.svm``): by the list above, else of its name.

    >>> project_of("sklearn.svm"), project_of("google.protobuf.message"), project_of("pandas")
    ('scikit-learn', 'protobuf', 'pandas')
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if found := _PROJECTS.get(".".join(parts[:length])):
            return found
    return re.sub(r"[^A-Za-z0-9._-]", "-", parts[0]).strip("._-") or "unknown"


def standard_library() -> frozenset[ProjectName]:
    """The names that Python's own library leaves no project to be asked for by."""
    return frozenset(ProjectName(name) for name in sys.stdlib_module_names if not name.startswith("_"))
