"""DICOM, NIfTI, PNG and JPEG into studies, frames and volumes; windows, reslices and measurements. No Qt."""
