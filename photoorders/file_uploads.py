"""Files in forms, the studio's logo say: held in memory up to a limit, and refused at their field above it.

Photos do not come this way; they are streamed (uploads.receive). Django's own MemoryFileUploadHandler leaves a file that
is too large out of the form without a word, so that the form looks as if none had been sent.
"""

from io import BytesIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.formats import number_format
from django.utils.translation import gettext as _

MEGABYTE = 1_048_576


class TooLargeFile(UploadedFile):  # type: ignore[type-arg]  # no generic at run time
    """Stands in for a file that was not kept. forms.FileField reads the size first, and gets the form's error."""

    @property
    def size(self) -> int:
        megabytes = number_format(settings.FILE_UPLOAD_MAX_MEMORY_SIZE / MEGABYTE, 1)
        raise ValidationError(_("This file is too large: at most %(megabytes)s MB.") % {"megabytes": megabytes})

    @size.setter
    def size(self, value: int | None) -> None:
        """UploadedFile.__init__ writes it."""


class BoundedFileUploadHandler(FileUploadHandler):
    """Keeps the files of a request in memory, FILE_UPLOAD_MAX_MEMORY_SIZE bytes of them together and not one more."""

    kept = 0  # bytes, of all files of the request

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        self.file: BytesIO | None = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.file is None:
            return
        self.kept += len(raw_data)
        if self.kept > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            self.kept -= start + len(raw_data)
            self.file = None
        else:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> TooLargeFile | InMemoryUploadedFile:
        if self.file is None:
            return TooLargeFile(None, self.file_name, self.content_type, 0, self.charset, self.content_type_extra)
        self.file.seek(0)
        return InMemoryUploadedFile(
            self.file,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
