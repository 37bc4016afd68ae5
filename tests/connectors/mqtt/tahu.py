"""Sparkplug B messages made with Google's own library, from the field numbers of Eclipse Tahu's sparkplug_b.proto."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["Payload", "metric", "payload"]

_T = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "uint32": _T.TYPE_UINT32, "uint64": _T.TYPE_UINT64, "float": _T.TYPE_FLOAT, "double": _T.TYPE_DOUBLE,
    "bool": _T.TYPE_BOOL, "string": _T.TYPE_STRING, "bytes": _T.TYPE_BYTES,
}  # fmt: skip
_VALUES = ["uint32 int_value", "uint64 long_value", "float float_value", "double double_value", "bool boolean_value"]
_VALUES += ["string string_value"]


def _numbered(first: int, fields: list[str]) -> dict[int, str]:
    return dict(enumerate(fields, first))


_SCHEMA: dict[str, dict[int, str]] = {
    "PropertyValue": {1: "uint32 type", 2: "bool is_null", **_numbered(3, _VALUES), 9: "PropertySet propertyset_value"},
    "PropertySet": {1: "*string keys", 2: "*PropertyValue values"},
    "MetaData": {2: "string content_type", 8: "string description"},
    "DataSetValue": _numbered(1, _VALUES),
    "Row": {1: "*DataSetValue elements"},
    "DataSet": {1: "uint64 num_of_columns", 2: "*string columns", 3: "*uint32 types", 4: "*Row rows"},
    "Template": {1: "string version", 2: "*Metric metrics", 4: "string template_ref", 5: "bool is_definition"},
    "Metric": {
        1: "string name", 2: "uint64 alias", 3: "uint64 timestamp", 4: "uint32 datatype", 5: "bool is_historical",
        6: "bool is_transient", 7: "bool is_null", 8: "MetaData metadata", 9: "PropertySet properties",
        **_numbered(10, _VALUES), 16: "bytes bytes_value", 17: "DataSet dataset_value", 18: "Template template_value",
    },
    "Payload": {1: "uint64 timestamp", 2: "*Metric metrics", 3: "uint64 seq", 4: "string uuid", 5: "bytes body"},
}  # fmt: skip


def _make() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="tahu", syntax="proto2")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        one_of = any(field.endswith("_value") for field in fields.values())
        if one_of:
            message.oneof_decl.add(name="value")
        for number, words in fields.items():
            kind, called = words.lstrip("*").split()
            field = message.field.add(name=called, number=number)
            field.label = _T.LABEL_REPEATED if words.startswith("*") else _T.LABEL_OPTIONAL
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _T.TYPE_MESSAGE, f".tahu.{kind}"
            if called.endswith("_value"):
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tahu.Payload"))


Payload: Any = _make()


def metric(name: str | None = None, quality: int | None = None, **fields: Any) -> dict[str, Any]:
    """The fields of a metric, for `payload`."""
    made = dict(fields)
    if name is not None:
        made["name"] = name
    if quality is not None:
        made["properties"] = {"keys": ["Quality"], "values": [{"type": 3, "int_value": quality}]}
    return made


def payload(metrics: list[dict[str, Any]], **fields: Any) -> bytes:
    """Encoded."""
    data: bytes = Payload(metrics=metrics, **fields).SerializeToString()
    return data
